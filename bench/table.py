"""A table for README: rows of figures, a column for each store."""

from collections.abc import Callable, Sequence

Figures = dict[str, object]
"""What a run gave, by name; among it the ``store``."""

STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def number(value: object) -> str:
    """Write a figure as people read it: large ones without decimals, but with commas."""
    figure = float(str(value))
    large = 100
    return f"{figure:,.0f}" if figure >= large or figure.is_integer() else f"{figure:.2g}"


def table(
    found: Sequence[Figures], rows: dict[str, Callable[[Sequence[Figures]], object | None]]
) -> str:
    """Write Markdown. Each row takes its figure from those of one store.

    Where no store has it, there is no row.
    """
    stores = [store for store in STORES if any(one.get("store") == store for one in found)]
    lines = ["", *(STORES[store] for store in stores)], ["---"] * (1 + len(stores))
    written = ["| " + " | ".join(cells) + " |" for cells in lines]
    for name, take in rows.items():
        figures = [take([one for one in found if one.get("store") == store]) for store in stores]
        if any(figure is not None for figure in figures):
            cells = ["" if figure is None else number(figure) for figure in figures]
            written.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(written)


def figure(name: str, **where: object) -> Callable[[Sequence[Figures]], object | None]:
    """Take a figure by its name, of the run that was of this kind."""

    def take(found: Sequence[Figures]) -> object | None:
        fitting = (one for one in found if where.items() <= one.items())
        return next((one[name] for one in fitting if name in one), None)

    return take
