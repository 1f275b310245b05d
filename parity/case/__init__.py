"""What a user writes: case files, and the inputs they name."""
