package live

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// tmpfs is the type of a file system that keeps files nowhere but in the page cache.
const tmpfs = 0x01021994

// PageCache returns how many bytes of a file are in the kernel's page cache. It skips the test where they always are.
func PageCache(t testing.TB, path string) int64 {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type == tmpfs {
		t.Skip("tmpfs keeps files nowhere but in the page cache")
	}
	if _, err := exec.LookPath("fincore"); err != nil && os.Getenv("GRANARY_REQUIRE") == "" {
		t.Skip("fincore is not installed; `make test` installs it")
	}
	out, err := exec.Command("fincore", "--bytes", "--noheadings", "--output", "RES", path).Output()
	if err != nil {
		t.Fatalf("fincore: %v", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		t.Fatalf("fincore printed %q", out)
	}
	return n
}
