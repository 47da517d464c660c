package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"granary/tests/live"
)

// packages installs what node/package-lock.json names, once. The lock leaves out msgpackr-extract, an optional accelerator for
// each platform that not every registry has, and that nothing here needs.
var packages = sync.OnceValue(func() error {
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = filepath.Join(here(), "node")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})

// tapLine is a line that says how a test ended, in the notation that node:test prints (TAP).
var tapLine = regexp.MustCompile(`^(not )?ok \d+ - (.*?)( # SKIP.*)?$`)

// runScript runs a script of node/.
func (a *app) runScript(s *live.Server, t *tally) error {
	if err := packages(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test-reporter=tap", a.script)
	cmd.Dir = filepath.Join(here(), "node")
	cmd.Env = append(os.Environ(), "REDIS_ADDR="+s.Addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// TAP says how a test ended, and then what it has to say about it, indented.
	last := ""
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := tapLine.FindStringSubmatch(line); m != nil {
			last = m[2]
			switch {
			case m[1] != "":
				t.end(last, broken)
			case m[3] != "":
				t.end(last, skipped)
			default:
				t.end(last, passed)
			}
		}
		if !strings.HasPrefix(line, "#") || strings.HasPrefix(line, "# Subtest") {
			t.print(last, line)
		}
	}
	if err := cmd.Wait(); err != nil && t.count(broken) == 0 {
		return fmt.Errorf("%s: %w", a.script, err)
	}
	return nil
}
