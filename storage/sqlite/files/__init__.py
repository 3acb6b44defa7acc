"""The files of an open database: who may open it, and what happens to them meanwhile."""
