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

// fetchSource returns the folder of the unpacked source package, downloading it the first time.
func fetchSource() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "granary", sourcePackage+"-"+debianSuite)
	done := filepath.Join(dir, "complete")
	src := filepath.Join(dir, "source")
	if _, err := os.Stat(done); err == nil {
		return src, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	mirrors, err := debianMirrors()
	if err != nil {
		return "", err
	}
	for _, m := range mirrors {
		if err = download(dir, m); err == nil {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("no mirror of this machine's apt has the source of %s in %s: %w", sourcePackage, debianSuite, err)
	}
	dsc, err := filepath.Glob(filepath.Join(dir, "*.dsc"))
	if err != nil || len(dsc) != 1 {
		return "", fmt.Errorf("expected one .dsc in %s, got %v %v", dir, dsc, err)
	}
	// apt has verified the files against the signed index.
	if err := run(dir, "dpkg-source", "--no-check", "-x", dsc[0], src); err != nil {
		return "", err
	}
	return src, os.WriteFile(done, nil, 0o644)
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
// lists stay as they are.
func download(dir, mirror string) error {
	state := filepath.Join(dir, "apt")
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(state, d), 0o755); err != nil {
			return err
		}
	}
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	sources := fmt.Sprintf("Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\n", mirror, debianSuite)
	if _, err := os.Stat(keyring); err == nil {
		sources += "Signed-By: " + keyring + "\n"
	}
	list := filepath.Join(state, "source.sources")
	if err := os.WriteFile(list, []byte(sources), 0o644); err != nil {
		return err
	}
	apt := []string{
		"-q", "-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Dir::State::lists=" + filepath.Join(state, "lists"), "-o", "Dir::Cache=" + filepath.Join(state, "cache"),
		"-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1",
	}
	if err := run(dir, "apt-get", append(apt, "update", "--error-on=any")...); err != nil {
		return err
	}
	return run(dir, "apt-get", append(apt, "source", "--download-only", sourcePackage)...)
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, args[len(args)-1], err, bytes.TrimSpace(out))
	}
	return nil
}
