"""What a precision costs: the loss against float64, split by cause and layer, in the user's terms."""
