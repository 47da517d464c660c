package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// limited is a script that runs Granary with a limit of open files. Whoever may raise it again, as root may outside of
// containers, gives that right up first.
func limited(t *testing.T, files int) string {
	t.Helper()
	drop := ""
	if exec.Command("sh", "-c", "ulimit -n 100; ulimit -n 200").Run() == nil {
		drop = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource"
	}
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "granary")
	if err := os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nulimit -n %d\nexec %s %s \"$@\"\n", files, drop, path), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// TestFewFiles checks that a server that may open few files has fewer clients, takes as many, and refuses to have more.
func TestFewFiles(t *testing.T) {
	s := live.NeedStart(t, "granary", limited(t, 100))
	c := dial(t, s)
	if got := do(t, c, "CONFIG", "GET", "maxclients"); !strings.Contains(got, `"68"`) {
		t.Errorf("maxclients is %s", got)
	}
	want := "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to handle the specified number of clients, try with 68"
	if got := do(t, c, "CONFIG", "SET", "maxclients", "100"); got != want {
		t.Errorf("100 clients: %s", got)
	}
	if got := do(t, c, "CONFIG", "GET", "maxclients"); !strings.Contains(got, `"68"`) {
		t.Errorf("after that, maxclients is %s", got)
	}
	for range 60 {
		if got := do(t, dial(t, s), "PING"); got != "+PONG" {
			t.Fatalf("PING: %s", got)
		}
	}
}

// TestTooFewFiles checks that a server does not start if it has no room for a client.
func TestTooFewFiles(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, limited(t, 30), "--port", "0", "--unixsocket", filepath.Join(t.TempDir(), "s"))
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), "The limit of open files is 30") {
		t.Errorf("%v, %s", err, out)
	}
}
