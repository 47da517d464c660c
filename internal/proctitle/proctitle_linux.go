package proctitle

import (
	"os"
	"strings"
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
