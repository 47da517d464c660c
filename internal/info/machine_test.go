package info

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMachineMemory(t *testing.T) {
	const gb = 1 << 30
	is := func(want int64, ram int64, files map[string]string) {
		t.Helper()
		root := t.TempDir()
		for name, text := range files {
			name = filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := machineMemory(root, ram); got != want {
			t.Errorf("%d bytes, want %d", got, want)
		}
	}
	is(gb, gb, nil)
	is(0, 0, nil)
	is(gb, gb, map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"})
	is(5000, gb, map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "5000\n"})
	is(4000, gb, map[string]string{
		"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
		"sys/fs/cgroup/a/memory.max": "4000\n", "sys/fs/cgroup/memory.max": "9000\n",
	})
	is(7000, gb, map[string]string{"proc/self/cgroup": "0::/not/seen/here\n", "sys/fs/cgroup/memory.max": "7000\n"})
	is(6000, gb, map[string]string{
		"proc/self/cgroup": "12:cpu,cpuacct:/x\n5:memory:/docker/c\n1:name=systemd:/\n",
		"sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes": "6000\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
	})
	is(gb, gb, map[string]string{"proc/self/cgroup": "5:memory:/\nnonsense\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"})
	is(8000, 0, map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "8000\n"})
}

func TestMachineMemoryHere(t *testing.T) {
	if n := MachineMemory(); n < 1<<20 {
		t.Errorf("%d bytes", n)
	}
}
