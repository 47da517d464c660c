package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"granary/tests/live"
)

// module returns the folder of a module that go.mod names, in the module cache.
func module(path string) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", path)
	cmd.Dir = here()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w\n%s", path, err, out)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", err
	}
	return m.Dir, nil
}

// copyModule makes a copy of a module that can be changed, in which tests speak to addr instead of Redis's usual address.
func copyModule(dir, addr string) (string, error) {
	to, err := os.MkdirTemp("", "granary-ecosystem-")
	if err != nil {
		return "", err
	}
	err = os.CopyFS(to, os.DirFS(dir))
	if err != nil {
		return to, err
	}
	err = filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(text, []byte("127.0.0.1:6379"), []byte(addr)), 0o644)
	})
	return to, err
}

// runSuite runs the suite of a module.
func (a *app) runSuite(o *options, s *live.Server, t *tally) error {
	from, err := module(a.module)
	if err != nil {
		return err
	}
	dir, err := copyModule(from, s.Addr)
	if dir != "" {
		defer os.RemoveAll(dir)
	}
	if err != nil {
		return err
	}
	// Suites that start servers themselves find the one under test as redis-server.
	path := filepath.Join(dir, "granary-path")
	if err := os.Mkdir(path, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(o.server, filepath.Join(path, "redis-server")); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	free, err := live.FreePort()
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("{addr}", s.Addr, "{port}", port, "{server}", o.server, "{free}", fmt.Sprint(free))
	for _, args := range a.tests {
		if err := goTest(dir, path, strings.Fields(fill.Replace(args)), t); err != nil {
			return err
		}
	}
	return nil
}

// goTest runs go test with the arguments and tallies the tests, those within tests too.
func goTest(dir, path string, args []string, t *tally) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-count=1", "-timeout=9m"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"), "INT=1", "GOWORK=off")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	before := t.count(broken)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("go test said %q", lines.Text())
		}
		switch {
		case e.Output != "":
			t.print(e.Test, strings.TrimRight(e.Output, "\n"))
		case e.Test == "":
		case e.Action == "pass":
			t.end(e.Test, passed)
		case e.Action == "fail":
			t.end(e.Test, broken)
		case e.Action == "skip":
			t.end(e.Test, skipped)
		}
	}
	if err := cmd.Wait(); err != nil && t.count(broken) == before {
		return fmt.Errorf("go test %s: %w\n%s", strings.Join(args, " "), err, strings.Join(t.printed[""], "\n"))
	}
	return nil
}
