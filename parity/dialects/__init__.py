"""The kits: what a layer's rule is handed in each dialect. No kit imports a framework; engines hand theirs in."""
