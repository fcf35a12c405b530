"""Readers of the file formats PLY, OBJ, STL and OFF."""
