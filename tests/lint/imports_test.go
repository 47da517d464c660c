package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// row allows one package its imports from this module. Data flows one way, bytes -> request -> command -> keyspace ->
// object -> encoding -> memory, and imports point the same way.
type row struct {
	pkg    string   // below granary/; a trailing /* stands for every package of the folder
	may    []string // the same notation
	unsafe bool     // may import unsafe
	reason string
}

var imports = []row{
	{"cmd/granary", []string{"internal/server", "internal/config", "internal/proctitle", "internal/info", "internal/history", "internal/mem", "internal/persist/rdb", "internal/persist/aof"}, false, "the binary: the command line, and tools for files"},
	{"internal/server", []string{"internal/*", "internal/commands/*", "internal/persist/*"}, false, "wiring: it sees everything and nothing sees it"},

	{"internal/commands/*", []string{"internal/command", "internal/migrate", "internal/journal", "internal/persist/rdb", "internal/dead", "internal/prefix", "internal/ledger", "internal/acl", "internal/pubsub", "internal/tracking", "internal/script", "internal/clock", "internal/types/*", "internal/keyspace", "internal/object", "internal/config", "internal/info", "internal/resp", "internal/mem", "internal/glob", "internal/encoding/*", "internal/history"}, false, "a family of commands: what lies below, and no other family"},
	{"internal/types/typestest", []string{"internal/keyspace", "internal/mem", "internal/types/stream"}, false, "what the tests of the types share"},
	{"internal/types/*", []string{"internal/keyspace", "internal/object", "internal/config", "internal/resp", "internal/mem", "internal/glob", "internal/encoding/*"}, false, "a type over its encodings, on a key: what commands, SORT, digests and files share"},
	{"internal/command", []string{"internal/swar", "internal/invariants", "internal/journal", "internal/dead", "internal/prefix", "internal/ledger", "internal/acl", "internal/pubsub", "internal/tracking", "internal/glob", "internal/keyspace", "internal/object", "internal/encoding/table", "internal/config", "internal/info", "internal/netloop", "internal/resp", "internal/mem", "internal/clock", "internal/logger", "internal/history"}, false, "the command table and what runs one command"},
	{"internal/command/commandtest", []string{"internal/prefix", "internal/invariants", "internal/command", "internal/netloop", "internal/keyspace", "internal/config", "internal/resp", "internal/mem", "tests/live"}, false, "unit tests of families: a session without a socket, a real server beside it"},
	{"internal/dead", []string{"internal/types/*", "internal/keyspace", "internal/object", "internal/config", "internal/encoding/*", "internal/mem"}, false, "memory that serves nobody: walks the databases; what lies beside them is behind an interface"},
	{"internal/acl", []string{"internal/config", "internal/glob"}, false, "users and what they may do: names and numbers of commands, no sockets"},
	{"internal/pubsub", []string{"internal/encoding/table", "internal/mem"}, false, "who is subscribed to what, by the numbers of clients; sends nothing"},
	{"internal/tracking", []string{"internal/encoding/table", "internal/mem"}, false, "who caches which keys, by the numbers of clients; sends nothing"},
	{"internal/ledger", []string{"internal/mem"}, false, "the bill of the process's memory: the books, the Go runtime and the kernel"},
	{"internal/journal", []string{"internal/mem"}, false, "which keys were evicted or expired: rows of bytes; knows no command"},
	{"internal/history", []string{"internal/mem", "internal/clock"}, false, "the flight recorder: lines by name, and a file; reads no ledger and knows no command"},
	{"internal/info", nil, false, "INFO is a table of fields; who knows a value registers it"},
	{"internal/config", []string{"internal/glob"}, false, "directives are a table; who uses one reads it"},
	{"internal/keyspace", []string{"internal/prefix", "internal/object", "internal/encoding/*", "internal/mem"}, false, "databases over objects"},
	{"internal/prefix", []string{"internal/mem", "internal/swar", "internal/invariants"}, false, "bytes by the beginnings of keys: counters, which the keyspace moves"},
	{"internal/object", []string{"internal/encoding/*", "internal/mem"}, false, "the entry and its values"},
	{"internal/encoding/*", []string{"internal/mem", "internal/swar", "internal/invariants", "internal/encoding/*"}, true, "layouts by hand in our memory"},
	{"internal/netloop", []string{"internal/resp", "internal/mem", "internal/clock"}, true, "sockets and buffers: raw system calls take addresses; knows no command"},
	{"internal/migrate", nil, false, "talks to the server that keys move to; knows no keyspace"},
	{"internal/secure", nil, false, "what crypto/tls has to be told; opens files, and no sockets"},
	{"internal/resp", []string{"internal/mem"}, false, "requests and replies in our memory; no sockets"},
	{"internal/mem/gen", []string{"internal/mem"}, false, "prints the size classes"},
	{"internal/mem/cgobench", nil, false, "C allocators, for the benchmark beside ours"},
	{"internal/mem", []string{"internal/invariants"}, true, "the address range, under everything"},
	{"internal/persist/snapshot", []string{"internal/persist/pagecache", "internal/persist/rdb", "internal/proctitle", "internal/keyspace", "internal/object", "internal/mem"}, false, "joins the walk over the keyspace, the format and a file; knows no command"},
	{"internal/persist/aof", []string{"internal/persist/pagecache", "internal/config", "internal/mem", "internal/proctitle"}, false, "the files of the append-only log; knows no command and no key"},
	{"internal/persist/pagecache", nil, false, "advice to the kernel about files; knows none of them"},
	{"internal/persist/requests", []string{"internal/persist/rdb", "internal/types/*", "internal/object", "internal/resp", "internal/encoding/listpack", "internal/mem"}, false, "a snapshot as commands: RDB in, requests out; knows no keyspace"},
	{"internal/persist/rdb", []string{"internal/types/*", "internal/object", "internal/config", "internal/encoding/*", "internal/mem"}, false, "values and files of RDB, in and out; knows no socket, no command and no disk"},
	{"internal/script", []string{"internal/script/lualib", "internal/resp", "internal/clock"}, false, "runs Lua; what scripts ask of the server goes through an interface"},
	{"internal/script/lualib", nil, false, "what scripts call; Lua's machine, and nothing of the server"},
	{"internal/logger", nil, false, "the log's format"},
	{"internal/glob", nil, false, "patterns: pure functions"},
	{"internal/swar", nil, false, "eight bytes at once: pure functions"},
	{"internal/proctitle", nil, true, "writes where the kernel keeps the arguments, and names threads"},
	{"internal/clock", nil, true, "reads the clock the way the runtime does"},
	{"internal/invariants", nil, false, "a build tag as a constant"},

	{"tests/live", nil, false, "the black box: sees a socket, not the server's packages"},
	{"tests/*", []string{"tests/live"}, false, "the black box: sees a socket, not the server's packages"},
}

// listed is what `go list -json` says about a package.
type listed struct {
	ImportPath, Dir, Doc                               string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports                 []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, "granary/")
		all = append(all, p)
	}
}

// covers reports whether the notation of the table names pkg.
func covers(notation, pkg string) bool {
	if dir, ok := strings.CutSuffix(notation, "/*"); ok {
		return filepath.Dir(pkg) == dir || strings.HasPrefix(filepath.Dir(pkg), dir+"/") && dir != "internal"
	}
	return notation == pkg
}

func TestImports(t *testing.T) {
	used := make([]bool, len(imports))
	for _, p := range packages(t) {
		i := slices.IndexFunc(imports, func(r row) bool { return covers(r.pkg, p.ImportPath) })
		if i < 0 {
			t.Errorf("%s has no row in the import table", p.ImportPath)
			continue
		}
		used[i] = true
		r := imports[i]
		for _, imp := range p.Imports {
			if imp == "unsafe" && !r.unsafe {
				t.Errorf("%s may not import unsafe: %s", p.ImportPath, r.reason)
			}
			imp, ours := strings.CutPrefix(imp, "granary/")
			if ours && !slices.ContainsFunc(r.may, func(n string) bool { return covers(n, imp) }) {
				t.Errorf("%s may not import %s: %s", p.ImportPath, imp, r.reason)
			}
		}
	}
	for i, r := range imports {
		if !used[i] {
			t.Errorf("the import table has a row for %s, which does not exist", r.pkg)
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
