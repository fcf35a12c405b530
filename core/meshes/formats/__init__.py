"""Readers of the file formats PLY, OBJ, STL, OFF and glTF."""
