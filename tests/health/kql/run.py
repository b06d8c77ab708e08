"""Runs KQL queries on tables: a job as JSON on standard input, a line of JSON with the rows of each run on standard output."""

import datetime
import gc
import json
import math
import re
import sys

import duckdb_kql

TYPES = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "real": "DOUBLE",
    "int": "INTEGER",
    "long": "BIGINT",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
}
WORKSPACE = re.compile(r"workspace\('([^']+)'\)\.(\w+)")
TABLE_OF_A_LET = re.compile(r'("_l\d+_\w+" AS) \(')


def create(con, columns, names):
    for name, (_, table) in names.items():
        described = ", ".join(f'"{column}" {TYPES[kind]}' for column, kind in columns[table].items())
        con.execute(f'CREATE TABLE "{name}" ({described})')


def fill(con, columns, names, case):
    for name, (workspace, table) in names.items():
        con.execute(f'DELETE FROM "{name}"')
        rows = case.get(table, {}).get(workspace, [])
        if rows:
            # One statement for all rows: DuckDB takes a second for a thousand single ones.
            structure = json.dumps([{column: TYPES[kind] for column, kind in columns[table].items()}])
            con.execute(
                f'INSERT INTO "{name}" SELECT unnest(from_json(?::JSON, ?), max_depth := 2)',
                [json.dumps(rows), structure],
            )


def plain(cell):
    """Times as Log Analytics writes them. JSON has no NaN, and a query that answers one is not to be taken for one that answers nothing."""
    if isinstance(cell, datetime.datetime):
        return cell.isoformat() + "Z"
    return str(cell) if isinstance(cell, float) and math.isnan(cell) else cell


def main():
    job = json.load(sys.stdin)
    names = {}

    def local(match):
        name = f"{match[2]}__{re.sub(r'[^A-Za-z0-9]', '_', match[1])}"
        names[name] = (match[1], match[2])
        return name

    # Trees of syntax are many and go with their query: looking for cycles among them takes a fifth of the time.
    gc.disable()
    con = duckdb_kql.connect()
    con.execute("SET threads = 1")
    queries = [WORKSPACE.sub(local, query) for query in job["queries"]]
    # Only columns that a query names: Log Analytics tells POP_s from pop_s, DuckDB doesn't.
    words = set(re.findall(r"\w+", " ".join(queries)))
    columns = {
        table: {column: kind for column, kind in of.items() if column in words} for table, of in job["columns"].items()
    }
    create(con, columns, names)
    schema = {name: list(columns[table]) for name, (_, table) in names.items()}
    translated = {}
    filled = None
    for query, case in job["runs"]:
        if query not in translated:
            sql = duckdb_kql.to_sql(queries[query], schema, query_now=job["now"])
            # A table of a let is worked out once, as Kusto does with what it materializes; else DuckDB repeats it where it is named.
            translated[query] = (TABLE_OF_A_LET.sub(r"\1 MATERIALIZED (", str(sql)), sql.parameters)
        if case != filled:
            fill(con, columns, names, job["cases"][case])
            filled = case
        cursor = con.execute(*translated[query])
        heads = [head[0] for head in cursor.description]
        rows = [dict(zip(heads, (plain(cell) for cell in row))) for row in cursor.fetchall()]
        print(json.dumps(rows), flush=True)


main()
