"""The command ``parley``: run everything, or one service; look after it; try it out."""
