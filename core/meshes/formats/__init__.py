"""One reader per file format; `core.meshes` is their only caller and checks what they return."""
