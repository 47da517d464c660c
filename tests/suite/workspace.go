package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tools are the programs that the suite expects in src/ beside the server, and where they come from.
var tools = map[string]string{
	"valkey-cli":       "redis-cli",
	"valkey-benchmark": "redis-benchmark",
	"valkey-check-rdb": "redis-check-rdb",
	"valkey-sentinel":  "redis-sentinel",
}

// makeWorkspace lays out what runtest expects of a built source tree:
//
//	runtest
//	utils/             with the script that makes certificates
//	tests/             a copy, because tests write below tests/tmp
//	src/valkey-server  -> the server under test
//	src/valkey-cli     -> redis-cli, and other tools alike
//	src/valkey-check-aof  a script that calls the server under test as check-aof
func makeWorkspace(source, server string) (string, error) {
	ws, err := os.MkdirTemp("", "granary-suite-")
	if err != nil {
		return "", err
	}
	for _, d := range []string{"runtest", "tests", "utils", "valkey.conf", "sentinel.conf"} {
		if err := os.CopyFS(filepath.Join(ws, d), os.DirFS(filepath.Join(source, d))); err == nil {
			continue
		}
		b, err := os.ReadFile(filepath.Join(source, d))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(ws, d), b, 0o755); err != nil {
			return "", err
		}
	}
	src := filepath.Join(ws, "src")
	if err := os.Mkdir(src, 0o755); err != nil {
		return "", err
	}
	server, err = filepath.Abs(server)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"valkey-server", "redis-server"} {
		if err := os.Symlink(server, filepath.Join(src, name)); err != nil {
			return "", err
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s check-aof \"$@\"\n", server)
	if err := os.WriteFile(filepath.Join(src, "valkey-check-aof"), []byte(script), 0o755); err != nil {
		return "", err
	}
	for name, tool := range tools {
		path, err := exec.LookPath(tool)
		if err != nil {
			if name == "valkey-sentinel" {
				continue // a package of its own, needed by no file of the list
			}
			return "", fmt.Errorf("%s is needed (Debian packages redis-tools and redis-server): %w", tool, err)
		}
		// The tools that check files go by the name under which they are called.
		script := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", path)
		if err := os.WriteFile(filepath.Join(src, name), []byte(script), 0o755); err != nil {
			return "", err
		}
		if err := os.Symlink(path, filepath.Join(src, tool)); err != nil {
			return "", err
		}
	}
	if err := noDefrag(ws); err != nil {
		return "", err
	}
	if err := noChild(ws); err != nil {
		return "", err
	}
	if err := skipImmutable(ws); err != nil {
		return "", err
	}
	return ws, addAudit(ws)
}

// noChild has tests that look for the process that saves find the server, which saves by itself.
func noChild(ws string) error {
	const proc = "proc get_child_pid {idx} {\n"
	path := filepath.Join(ws, "tests", "support", "util.tcl")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := strings.Replace(string(b), proc, proc+"    return [srv $idx pid]\n", 1)
	if text == string(b) {
		return errors.New("tests/support/util.tcl has no get_child_pid")
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// skipImmutable tells the test that sets every directive which of Granary's own cannot be set.
func skipImmutable(ws string) error {
	const list = "set skip_configs {\n"
	path := filepath.Join(ws, "tests", "unit", "introspection.tcl")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(b), list, list+"            memory-history-file\n")
	if text == string(b) {
		return errors.New("unit/introspection has no list of directives that cannot be set")
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// noDefrag starts servers as the suite expects them: without active defragmentation, which is on by default here. Its tests make
// data sparse, see that it is, and then turn it on.
func noDefrag(ws string) error {
	path := filepath.Join(ws, "tests", "assets", "default.conf")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, "\nactivedefrag no\n"...), 0o644)
}

// makeCertificates has the suite's own script make certificates for a run over TLS, unless they are there.
func makeCertificates(ws string) error {
	dir := filepath.Join(ws, "tests", "tls")
	if _, err := os.Stat(filepath.Join(dir, "valkey.crt")); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// The script leaves Diffie-Hellman parameters alone that are there. They take it minutes, and the server ignores them.
	if err := os.WriteFile(filepath.Join(dir, "valkey.dh"), nil, 0o644); err != nil {
		return err
	}
	cmd := exec.Command("bash", "utils/gen-test-certs.sh")
	cmd.Dir = ws
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("utils/gen-test-certs.sh (Debian packages openssl and tcl-tls are needed): %w\n%s", err, out)
	}
	return nil
}
