#!/bin/sh
# Temporal's two databases and their schemas; safe to run again.
set -eu
schemas=/etc/temporal/schema/postgresql/v12
for database in temporal temporal_visibility; do
  tool="temporal-sql-tool --plugin postgres12 --ep temporal-db -p 5432 -u temporal --db $database"
  folder=${database#temporal_}
  $tool create || true # there already
  $tool setup-schema -v 0.0 || true # set up already
  $tool update-schema -d "$schemas/$folder/versioned"
done
