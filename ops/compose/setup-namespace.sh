#!/bin/sh
# Our namespace; how long Temporal keeps ended conversations is its retention.
set -eu
temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1 \
  || temporal operator namespace create --namespace "$NAMESPACE" --retention "$RETENTION"
