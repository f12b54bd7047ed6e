"""Runs the prediction graph as a plain loop in topological order.

Stock hands the graph to dask on every message and on every prediction (a third of the 9 ms that the NLU graph
took). The order never changes, so it is worked out once.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


class PlainRunner(GraphRunner):
    """A GraphRunner for prediction: components live as long as the process, no hooks."""

    def __init__(self, schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._orders: dict[tuple[str, ...], list[str]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> PlainRunner:
        """Loads every component. Raises GraphRunError for a graph that must not run this way."""
        lazy = [name for name, node in graph_schema.nodes.items() if not node.eager]
        if hooks or lazy:
            raise GraphRunError(f"Only prediction graphs run as a plain loop (hooks: {hooks}, lazy: {lazy})")
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Gives the output of every target."""
        wanted = tuple(targets or self._schema.target_names)
        results: dict[str, Any] = dict(inputs or {})
        for name in self._orders.get(wanted) or self._work_out(wanted):
            node = self._nodes[name]
            # What GraphNode.__call__ does, without its hooks and its debug lines.
            arguments = {key: results[parent] for key, parent in node._inputs.items()}  # noqa: SLF001
            results[name] = node._fn(node._component, **arguments)  # noqa: SLF001
        return {name: results[name] for name in wanted}

    def _work_out(self, targets: tuple[str, ...]) -> list[str]:
        order: list[str] = []

        def visit(name: str) -> None:
            if name in order or name not in self._schema.nodes:
                return
            for parent in self._schema.nodes[name].needs.values():
                visit(parent)
            order.append(name)

        for target in targets:
            visit(target)
        self._orders[targets] = order
        return order
