package proctitle

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

func keep() {
	first, size := unsafe.Pointer(unsafe.StringData(os.Args[0])), 0
	for _, s := range os.Args {
		if s != "" && unsafe.Pointer(unsafe.StringData(s)) != unsafe.Add(first, size) {
			return // they are not where the kernel put them
		}
		size += len(s) + 1
	}
	for i, s := range os.Args {
		os.Args[i] = strings.Clone(s)
	}
	for _, s := range os.Environ() { // which lies behind them, but for what is there twice
		if unsafe.String((*byte)(unsafe.Add(first, size)), len(s)) != s {
			break
		}
		size += len(s) + 1
	}
	room = unsafe.Slice((*byte)(first), size)
}

const setName = 15 // PR_SET_NAME of prctl

func thread(name string) {
	runtime.LockOSThread()
	if syscall.Gettid() == os.Getpid() {
		runtime.UnlockOSThread()
		return
	}
	var text [16]byte
	copy(text[:15], name)
	syscall.RawSyscall(syscall.SYS_PRCTL, setName, uintptr(unsafe.Pointer(&text)), 0)
}
