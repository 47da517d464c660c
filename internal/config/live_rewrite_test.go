package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sameFile compares two rewritten files: what was there before must be equal line by line; what was appended may be in
// another order, because Redis has none.
func sameFile(t *testing.T, step, got, want string) {
	t.Helper()
	split := func(text string) (head string, tail []string) {
		head, rest, _ := strings.Cut(text, signature)
		for line := range strings.SplitSeq(rest, "\n") {
			if line != "" {
				tail = append(tail, line)
			}
		}
		slices.Sort(tail)
		return head, tail
	}
	gotHead, gotTail := split(got)
	wantHead, wantTail := split(want)
	if gotHead != wantHead || !slices.Equal(gotTail, wantTail) {
		t.Errorf("%s: the file is\n%s\nRedis writes\n%s", step, got, want)
	}
}

// A history is a file and then steps: either CONFIG SET with its arguments, or a new content of the file behind the
// server's back. After each step both servers rewrite.
func TestRewriteAgainstServer(t *testing.T) {
	type history struct {
		name, file string
		steps      []string // "set name value ..." or "file text"
	}
	for _, h := range []history{
		{"empty", "", []string{"set timeout 5", "set timeout 0", "set maxmemory 100mb maxmemory-clients 5%", "set maxmemory 0"}},
		{"no newline at the end", "maxmemory 1mb", []string{"set hz 20"}},
		{
			"comments and order", "# one\n\n\n\n  # two  \nmaxmemory   1mb   \n\n\nloglevel notice\n# three\n",
			[]string{"set maxmemory 2gb loglevel debug", "set maxmemory 1000", "set maxmemory 0"},
		},
		{
			"old names", "slave-read-only yes\nhash-max-ziplist-entries 512\nlua-time-limit 5000\nSLAVE-priority 5\n",
			[]string{"set slave-priority 6", "set hash-max-listpack-entries 7"},
		},
		{"a directive twice", "timeout 5\n# x\nTimeout 7\ntimeout 9\nhz 10\n", []string{"set timeout 8", "set timeout 0"}},
		{"save", "save 900 1\n# x\nsave 300 10\nsave 60 5\n", []string{"set save 1~2", "set save 1~2~3~4~5~6~7~8", "set save \"\"", "set save 3600~1"}},
		{"no save line", "hz 20\n", []string{"set save \"\"", "set save 1~1"}},
		{"buffer limits", "client-output-buffer-limit pubsub 1mb 1mb 60\n", []string{
			"set client-output-buffer-limit normal~1~2~3", "set client-output-buffer-limit replica~1gb~1500~3~pubsub~0~0~0",
		}},
		{
			"words", "shutdown-on-sigterm nosave now\nnotify-keyspace-events Ex\noom-score-adj-values 1 2 3\nbind 127.0.0.1 -::1\nappendfsync always\n",
			[]string{
				"set shutdown-on-sigterm default notify-keyspace-events \"\"", "set shutdown-on-sigint now~force notify-keyspace-events KEA",
				"set latency-tracking-info-percentiles 1~2.5", "set latency-tracking-info-percentiles \"\"", "set appendfsync everysec",
			},
		},
		{
			"text", "masterauth \"a b\"\npidfile \"\"\nunixsocket ''\nlogfile ''\nproc-title-template {port}\naclfile \"\"\nignore-warnings x\n",
			[]string{`set masterauth "a\"b\\'c"`, `set masterauth "" masteruser "\x01\xff\n~"`, "set ignore-warnings \"\" proc-title-template x"},
		},
		{"includes and renames", "include inc*.conf\nrename-command FLUSHDB \"\"\nhz 20\nrename-command get fetch\n", []string{"set hz 30", "set hz 10"}},
		{"users", "user alice on nopass ~* +@all\n# x\nuser bob off\n", []string{"set hz 11"}},
		{
			"memory sizes", "repl-backlog-size 3mb\nauto-aof-rewrite-min-size 1000\n",
			[]string{"set repl-backlog-size 1025kb", "set auto-aof-rewrite-min-size 1g client-query-buffer-limit 2gb", "set maxmemory-clients 1kb"},
		},
		{"replica", "replicaof 127.0.0.1 1\nreplica-announce-ip 1.2.3.4\n", []string{"set replica-announce-ip \"\""}},
		{"edited behind its back", "maxmemory 1mb\n", []string{
			"file port 1\nmaxmemory 5mb\n\"unbalanced\nfoo bar\n  # indented\n\n\n  hz   30 \nuser x on\nlist-max-ziplist-value 5\n", "set hz 12", "file ", "set hz 13",
		}},
	} {
		t.Run(h.name, func(t *testing.T) {
			dirs := [2]string{t.TempDir(), t.TempDir()} // ours, Redis's
			write := func(text string) {
				for _, dir := range dirs {
					if err := os.WriteFile(filepath.Join(dir, "x.conf"), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			write(h.file)
			for _, dir := range dirs {
				if err := os.WriteFile(filepath.Join(dir, "inc1.conf"), []byte("maxclients 500\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := startReal(t, dirs[1], []string{"x.conf"})
			t.Chdir(dirs[0])
			c, _, err := ParseArgs(s.args, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.OnRewriteUsers(func() (users []UserLine) {
				for _, u := range s.do("ACL", "LIST").Elems {
					words := strings.Split(u.Str, " ")
					users = append(users, UserLine{words[1], words[2:]})
				}
				return users
			})
			for _, step := range append([]string{"file " + h.file}, h.steps...) {
				what, rest, _ := strings.Cut(step, " ")
				if what == "file" {
					write(rest)
				} else {
					args, _ := SplitArgs(rest)
					for i := range args {
						args[i] = strings.ReplaceAll(args[i], "~", " ")
					}
					got, want := set(c, args...), s.text(append([]string{"CONFIG", "SET"}, args...)...)
					if got != "OK" || want != "OK" {
						t.Fatalf("%s: %s, Redis answers %s", step, got, want)
					}
				}
				if err := c.Rewrite(false); err != nil {
					t.Fatal(err)
				}
				if r := s.text("CONFIG", "REWRITE"); r != "OK" {
					t.Fatal(r)
				}
				var text [2]string
				for i, dir := range dirs {
					b, err := os.ReadFile(filepath.Join(dir, "x.conf"))
					if err != nil {
						t.Fatal(err)
					}
					text[i] = strings.ReplaceAll(string(b), dir, "DIR")
				}
				sameFile(t, step, text[0], text[1])
			}
		})
	}
}
