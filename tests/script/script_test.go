package script

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

var (
	flagRewrite = flag.Bool("rewrite", false, "write the replies of the real redis-server into the files")
	flagFile    = flag.String("file", "*", "only the scripts of this name (a glob, without .txt)")
)

func files(t *testing.T) []*File {
	t.Helper()
	paths, err := filepath.Glob(*flagFile + ".txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts match %s: %v", *flagFile, err)
	}
	var all []*File
	for _, path := range paths {
		f, err := parseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// TestFormat pins that parsing and formatting lose nothing.
func TestFormat(t *testing.T) {
	for _, f := range files(t) {
		b, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if !*flagRewrite && !bytes.Equal(b, f.format()) {
			t.Errorf("%s is not in the form that -rewrite writes", f.path)
		}
	}
}

// TestRedis checks the files against the real redis-server, or rewrites them from it.
func TestRedis(t *testing.T) {
	path := live.NeedRedis(t)
	start := func() *live.Server { return live.NeedStart(t, "redis", path) }
	p := &player{start: start, server: start()}
	version := serverVersion(t, p.server)
	for _, f := range files(t) {
		for _, proto := range []int{2, 3} {
			p.variant.proto = proto
			for _, b := range f.blocks {
				if b.since != "" && older(version, b.since) {
					continue
				}
				if err := p.play(b, *flagRewrite); err != nil {
					t.Errorf("%s, block %q, RESP%d: %v", f.path, b.name, proto, err)
				}
			}
		}
		if *flagRewrite {
			if err := os.WriteFile(f.path, f.format(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestGranary replays the files against Granary in every variant.
func TestGranary(t *testing.T) {
	if *flagRewrite {
		t.Skip("rewriting")
	}
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	all := files(t)
	variants := []variant{
		{name: "resp2", proto: 2},
		{name: "resp3", proto: 3},
		{name: "split", proto: 2, split: true},
		{name: "split-resp3", proto: 3, split: true},
		{name: "pipelined", proto: 2, pipelined: true},
	}
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			replay(t, path, all, v, nil)
		})
	}
	// What is dead is freed all the time, and nobody sees it.
	t.Run("reclaiming", func(t *testing.T) {
		t.Parallel()
		replay(t, path, all, variant{proto: 2}, nil, "--memory-reclaim-dead", "yes", "--memory-reclaim-dead-interval", "0",
			"--memory-reclaim-dead-idle", "0", "--memory-reclaim-dead-percent", "0")
	})
	for _, size := range []int{0, 16, 64} {
		t.Run(fmt.Sprintf("embstr-%d", size), func(t *testing.T) {
			t.Parallel()
			replay(t, path, all, variant{proto: 2}, namesEncoding, "--string-embstr-max", strconv.Itoa(size))
		})
	}
}

// namesEncoding are replies that change with string-embstr-max, as they should.
func namesEncoding(s *step) bool {
	name := strings.ToUpper(strings.Join(s.args, " "))
	for _, p := range []string{"OBJECT ENCODING", "OBJECT REFCOUNT", "DEBUG OBJECT", "MEMORY USAGE", "CONFIG GET", "CONFIG REWRITE"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func replay(t *testing.T, path string, all []*File, v variant, except func(*step) bool, options ...string) {
	start := func() *live.Server { return live.NeedStart(t, "granary", path, options...) }
	p := &player{start: start, granary: true, variant: v}
	for _, f := range all {
		for _, b := range f.blocks {
			play := *b
			if except != nil {
				play.steps = nil
				for _, st := range b.steps {
					if except(st) {
						any := *st
						any.mode = anyReply
						st = &any
					}
					play.steps = append(play.steps, st)
				}
			}
			if err := p.play(&play, false); err != nil {
				t.Errorf("%s, block %q: %v", f.path, b.name, err)
			}
		}
	}
}

// TestEveryCommandHasAScript compares the names of the files with the server's own table.
func TestEveryCommandHasAScript(t *testing.T) {
	if *flagRewrite || *flagFile != "*" {
		t.Skip("not all files")
	}
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	s := live.NeedStart(t, "granary", path)
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Do("COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Elems {
		if strings.Contains(e.Str, "|") {
			continue
		}
		if _, err := os.Stat(e.Str + ".txt"); err != nil {
			t.Errorf("the command %s has no script", e.Str)
		}
	}
}

func serverVersion(t *testing.T, s *live.Server) string {
	t.Helper()
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Do("INFO", "server")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(r.Str, "redis_version:")
	version, _, _ := strings.Cut(rest, "\r\n")
	return version
}

// older compares dotted versions.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m < n
		}
	}
	return len(x) < len(y)
}
