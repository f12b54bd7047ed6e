"""What the assistant makes of texts, one JSON object a line: for whoever measures it on sets of their own."""
