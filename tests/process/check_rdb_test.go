package process

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"granary/tests/live"
)

// checkRDB runs a tool on a file and returns what it says.
func checkRDB(t *testing.T, file string, tool ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(tool[0], append(tool[1:], file)...)
	out, err := cmd.Output()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestCheckRDB has Granary's snapshots, redis-server's and those of old versions checked by Granary's tool and by
// redis-check-rdb: where both find a file sound they say the same.
func TestCheckRDB(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	live.NeedRedis(t)
	reference, err := exec.LookPath("redis-check-rdb")
	if err != nil {
		t.Fatal(err)
	}
	same := func(file string) {
		t.Helper()
		want, code := checkRDB(t, file, reference)
		got, mine := checkRDB(t, file, granary, "check-rdb")
		if mine != code || got != want {
			t.Errorf("%s: %d\n%s\nredis-check-rdb: %d\n%s", file, mine, got, code, want)
		}
		if code != 0 {
			t.Errorf("%s is not sound", file)
		}
	}
	r := rand.New(rand.NewPCG(live.Seed(t), 7))
	for _, args := range [][]string{nil, {"--rdbcompression", "no"}, {"--rdbchecksum", "no"}, {"--maxmemory-policy", "allkeys-lfu"}} {
		s := start(t, args...)
		c := dial(t, s)
		fill(t, c, r, 300)
		do(t, c, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
		do(t, c, "SET", "expires", "v", "PX", "100000")
		do(t, c, "SAVE")
		same(filepath.Join(s.Dir, "dump.rdb"))
	}
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	c := dial(t, redis)
	fill(t, c, r, 300)
	do(t, c, "SAVE")
	same(filepath.Join(redis.Dir, "dump.rdb"))
}

// TestOldSnapshots loads and checks the files of old versions that come with the suite's sources.
func TestOldSnapshots(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	cache, _ := os.UserCacheDir()
	files, _ := filepath.Glob(filepath.Join(cache, "granary", "valkey-trixie", "source", "tests", "assets", "*.rdb"))
	if len(files) == 0 {
		t.Fatal("the sources of the suite have not been fetched: go run ./tests/suite -fetch")
	}
	for _, file := range files {
		base := filepath.Base(file)
		sound := base != "corrupt_ziplist.rdb" && base != "encodings-rdb987.rdb"
		text, code := checkRDB(t, file, granary, "check-rdb")
		if (code == 0) != sound || strings.Contains(text, `\o/ RDB looks OK! \o/`) != sound {
			t.Errorf("%s: %d\n%s", base, code, text)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := live.Start("granary", granary, "--dir", dir, "--enable-debug-command", "yes")
		if (err == nil) != sound {
			t.Errorf("%s: start: %v", base, err)
		}
		if err != nil {
			continue
		}
		c := dial(t, s)
		before := digest(t, c)
		do(t, c, "DEBUG", "RELOAD")
		if after := digest(t, c); after != before {
			t.Errorf("%s: saved and loaded again it is another data set", base)
		}
		audited(t, c)
		s.Stop()
	}
}
