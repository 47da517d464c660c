//go:build !race

package mem

import (
	"syscall"
	"testing"
	"unsafe"
)

// checkResident asks the kernel which pages of the range are resident and compares. It holds when every live byte was
// written.
func checkResident(t *testing.T, st Stats) {
	t.Helper()
	n := len(openState.space.mem) >> pageShift
	n = min(n, int(st.Mapped>>pageShift)+1000)
	vec := make([]byte, n)
	_, _, e := syscall.Syscall(syscall.SYS_MINCORE, uintptr(base), uintptr(n)<<pageShift, uintptr(unsafe.Pointer(&vec[0])))
	if e != 0 {
		t.Fatalf("mincore: %v", e)
	}
	var got int64
	for _, v := range vec {
		got += int64(v&1) << pageShift
	}
	if got != st.Resident {
		t.Errorf("the kernel holds %d bytes, the books say %d", got, st.Resident)
	}
}
