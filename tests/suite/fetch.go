package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	debianSuite   = "trixie" // the Debian release whose valkey package is 8.1
	sourcePackage = "valkey"
)

// fetchSource returns the folder of the unpacked source package, downloading it the first time. While a mirror follows a new release of
// the package it may know of Debian's patches and not have them: then it is the source as it was released, which lacks the tests that
// patches for vulnerabilities add (patched is false), and the next one who asks tries again.
func fetchSource() (src string, patched bool, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", false, err
	}
	dir := filepath.Join(cache, "granary", sourcePackage+"-"+debianSuite)
	done := filepath.Join(dir, "complete")
	src = filepath.Join(dir, "source")
	if _, err := os.Stat(done); err == nil {
		return src, true, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", false, err
	}
	mirrors, err := debianMirrors()
	if err != nil {
		return "", false, err
	}
	for _, m := range mirrors {
		if patched, err = download(dir, m); err == nil {
			break
		}
	}
	if err != nil {
		return "", false, fmt.Errorf("no mirror of this machine's apt has the source of %s in %s: %w", sourcePackage, debianSuite, err)
	}
	if !patched {
		fmt.Println("suite: the mirror lacks Debian's patches to " + sourcePackage + ": the tests that they add are not run")
		return src, false, unpackTar(dir, src)
	}
	dsc, err := only(dir, "*.dsc")
	if err != nil {
		return "", false, err
	}
	// apt has verified the files against the signed index.
	if err := run(dir, "dpkg-source", "--no-check", "-x", dsc, src); err != nil {
		return "", false, err
	}
	return src, true, os.WriteFile(done, nil, 0o644)
}

// unpackTar unpacks the source as it was released.
func unpackTar(dir, src string) error {
	tar, err := only(dir, "*.orig.tar.*")
	if err != nil {
		return err
	}
	if err := os.Mkdir(src, 0o755); err != nil {
		return err
	}
	return run(dir, "tar", "--extract", "--strip-components=1", "--directory="+src, "--file="+tar)
}

// only returns the one file in a folder that a pattern matches.
func only(dir, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("expected one %s in %s, got %v %v", pattern, dir, found, err)
	}
	return found[0], nil
}

// debianMirrors lists the Debian archives in this machine's apt configuration, the likeliest first.
func debianMirrors() ([]string, error) {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages").Output()
	if err != nil {
		return nil, fmt.Errorf("asking apt for its mirrors: %w", err)
	}
	var first, second []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || slices.Contains(first, f[0]) || slices.Contains(second, f[0]):
		case len(f) > 1 && f[1] == "Debian" && !strings.Contains(f[0], "security"):
			first = append(first, f[0])
		default:
			second = append(second, f[0])
		}
	}
	return append(first, second...), nil
}

// download fetches the source package into dir with an apt state of its own: no root, and the machine's own package
// lists stay as they are. It reports whether Debian's patches came with it.
func download(dir, mirror string) (patched bool, err error) {
	state := filepath.Join(dir, "apt")
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(state, d), 0o755); err != nil {
			return false, err
		}
	}
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	sources := fmt.Sprintf("Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\n", mirror, debianSuite)
	if _, err := os.Stat(keyring); err == nil {
		sources += "Signed-By: " + keyring + "\n"
	}
	list := filepath.Join(state, "source.sources")
	if err := os.WriteFile(list, []byte(sources), 0o644); err != nil {
		return false, err
	}
	apt := []string{
		"-q", "-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Dir::State::lists=" + filepath.Join(state, "lists"), "-o", "Dir::Cache=" + filepath.Join(state, "cache"),
		"-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1",
	}
	if err := run(dir, "apt-get", append(apt, "update", "--error-on=any")...); err != nil {
		return false, err
	}
	apt = append(apt, "source", "--download-only")
	if run(dir, "apt-get", append(apt, sourcePackage)...) == nil {
		return true, nil
	}
	return false, run(dir, "apt-get", append(apt, "--tar-only", sourcePackage)...)
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, args[len(args)-1], err, bytes.TrimSpace(out))
	}
	return nil
}
