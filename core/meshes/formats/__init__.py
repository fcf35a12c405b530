"""One reader per file format; `core.meshes.reading` is their only caller and checks what they return."""
