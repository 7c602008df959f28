"""Side-by-side measurements of what Relier costs over the tools it is made of: `make bench`."""
