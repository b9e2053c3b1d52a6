import { describe, expect, it } from "@jest/globals";
import { createGuard } from "../../../coordinator/warehouse/guard.js";
import { singleStatement } from "../../../coordinator/warehouse/sql.js";

// As the engine lists them; ClickHouse's documentation has each.
const TABLE_FUNCTIONS =
  "file fileCluster url s3 s3Cluster remote remoteSecure cluster mysql postgresql hdfs input executable numbers values view".split(
    " ",
  );
const guard = createGuard(TABLE_FUNCTIONS);
const check = (sql: string) => guard.check(singleStatement(sql).tokens);

describe("a reader's query", () => {
  it.each([
    "SELECT 1",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "WITH x AS (SELECT target, count() AS n FROM syn_replies GROUP BY target) SELECT * FROM x JOIN hosts USING (target)",
    "SELECT sum(n) OVER (PARTITION BY a ORDER BY b) FROM t WHERE name = 'INSERT INTO file(x)' -- DROP TABLE t; SELECT",
    "SELECT * FROM numbers(10) FORMAT JSONEachRow",
    "SELECT `file`, url, readonly_count FROM t SETTINGS max_threads = 1",
    "SHOW TABLES",
    "DESCRIBE hosts",
    "EXPLAIN SELECT 1",
    "EXISTS hosts",
    "SELECT 'a dollar $ and ‘quotes’ in a string', 1.5e3, t.1 FROM t",
  ])("may be %s", (sql) => {
    expect(() => check(sql)).not.toThrow();
  });

  it.each([
    ["INSERT INTO t VALUES (1)", "INSERT is not a statement that reads"],
    ["insert into t select 1", "INSERT is not a statement that reads"],
    ["CREATE TABLE x (a Int8) ENGINE = Memory", "CREATE is not"],
    ["DROP TABLE t", "DROP is not"],
    ["ALTER TABLE t DELETE WHERE 1", "ALTER is not"],
    ["SYSTEM SHUTDOWN", "SYSTEM is not"],
    ["SET readonly = 0", "SET is not"],
    ["KILL QUERY WHERE 1", "KILL is not"],
    ["ATTACH TABLE t", "ATTACH is not"],
    ["selectx", "SELECTX is not"],
    ["SELECT 1 SETTINGS readonly = DEFAULT", "readonly"],
    ["SELECT 1 SETTINGS `readonly` = 0", "readonly"],
    ['SELECT 1 SETTINGS "ReadOnly" = 0', "ReadOnly"],
    ["SELECT 1 SETTINGS allow_ddl = 1", "allow_ddl"],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", "OUTFILE"],
    ["SELECT * FROM file('/etc/passwd')", "file"],
    ["SELECT FILE /* a */ ('/etc/passwd')", "FILE"],
    ["SELECT `file`('/etc/passwd')", "file"],
    ["SELECT * FROM url\n('http://198.51.100.1/')", "url"],
    ["DESCRIBE TABLE s3('https://198.51.100.1/x')", "s3"],
    ["SELECT * FROM remote('198.51.100.1', system.one)", "remote"],
    ["SELECT * FROM executable('sh', TSV, 'a String')", "executable"],
    ["SELECT * FROM default.`hosts`", "default"],
    ["SELECT * FROM `default`.x", "default"],
    ["SELECT * FROM `/etc/passwd`", "/etc/passwd"],
    ['SELECT * FROM "re\\x61d"', "not allowed"],
    ["SELECT * FROM '/etc/passwd'", "string"],
    ["SELECT * FROM {d:Identifier}.{t: Identifier}", "parameter cannot be a name"],
    ["SELECT 1 SETTINGS max_execution_time = DEFAULT", "default"],
    ["SELECT 1 SETTINGS additional_result_filter = 'file(1)'", "additional_result_filter"],
    // Where the engine reads other tokens than a naive lexer does.
    ["SELECT 1 AS a$x$, file('/etc/passwd') AS b$x$", "cannot be read"],
    ["SELECT $x$ $x$", "cannot be read"],
    ["SELECT ‘'’, file('/etc/passwd'), ‘'’", "cannot be read"],
    ["SELECT 1.file('/etc/passwd')", "file"],
  ])("may not be %s", (sql, reason) => {
    expect(() => check(sql)).toThrow(reason);
  });

  it.each([
    "readonly",
    "additional_result_filter",
    "max_result_bytes",
    "max_memory_usage",
    "dialect",
    "nothing",
    "format_template_row",
    "output_format_schema",
  ])("may not set %s in the address", (name) => {
    expect(() => guard.checkSetting(name)).toThrow(name);
  });

  it.each(["max_threads", "output_format_json_quote_64bit_integers", "session_timezone"])("may set %s", (name) => {
    expect(() => guard.checkSetting(name)).not.toThrow();
  });

  it("is one statement", () => {
    expect(() => check("SELECT 1; DROP TABLE t")).toThrow("more than one statement");
    expect(() => check("SELECT 1;")).not.toThrow();
    expect(() => check("  -- nothing\n")).toThrow("empty");
    expect(() => check("SELECT 'open")).toThrow("cannot be read");
  });
});
