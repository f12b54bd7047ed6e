"""Keys of the data at rest: what stands under which, and their rotation while everything runs."""
