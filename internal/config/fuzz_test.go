package config

import (
	"slices"
	"strings"
	"testing"
)

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a b", `a "b c" 'd'`, `"\x41\n\"" x`, `'it\'s'`, `"a"b`, `a"`, "\x00 \xff", `"\`, `"\x4`, " \t\v\f\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, ok := SplitArgs(line)
		if !ok {
			return
		}
		var b []byte
		for _, w := range words {
			b = append(AppendQuoted(b, w), ' ')
		}
		again, ok := SplitArgs(string(b))
		if !ok || !slices.Equal(words, again) {
			t.Errorf("%q: words %q, quoted %q, read back %q %v", line, words, b, again, ok)
		}
	})
}

// Whatever a file says, it is refused or leads to values that can be written and read back to the same.
func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"port 1\n", "save 1 2\nsave \"\"\n", "maxmemory 1gb\nmaxmemory-clients 5%", "client-output-buffer-limit normal 1 2 3",
		"user a on\nrename-command get x\n", "notify-keyspace-events KEA\nbind 1 2 3", "latency-tracking-info-percentiles 1e-3 100",
		"replicaof a 1", "unixsocketperm 17\nproc-title-template \"{port}\"", "shutdown-on-sigint now force\nhz 9999", "\x00", "'",
		"masterauth \"\\xff\\n\"", "oom-score-adj-values 1 2 3\nsyslog-facility local3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lower := strings.ToLower(text)
		for _, file := range []string{"dir", "include", "logfile"} {
			if strings.Contains(lower, file) || strings.Contains(lower, `\x`) {
				return // would touch the file system; an escape may hide a name
			}
		}
		c := New()
		if new(Loader).LoadText(c, text) != nil {
			return
		}
		out := c.rewritten(text, false)
		back := New()
		if err := new(Loader).LoadText(back, string(out)); err != nil {
			t.Fatalf("%q is rewritten as %q: %v", text, out, err)
		}
		for _, d := range Directives() {
			if got, want := back.Value(d), c.Value(d); got != want {
				t.Errorf("%q is rewritten as %q: %s is %q, was %q", text, out, d.Name, got, want)
			}
		}
	})
}
