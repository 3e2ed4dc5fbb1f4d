"""ManyChat: External Request in, Public API (push) out."""
