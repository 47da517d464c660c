package netloop

import (
	"syscall"
	"unsafe"
)

// The system calls of the hot path. All but the blocking wait are RawSyscall:
// the sockets are non-blocking, so the scheduler need not hear of them.

const (
	epollET     = 1 << 31
	epollIn     = syscall.EPOLLIN
	epollOut    = syscall.EPOLLOUT
	epollHup    = syscall.EPOLLHUP
	epollErr    = syscall.EPOLLERR
	epollRdHup  = syscall.EPOLLRDHUP
	connEvents  = epollIn | epollRdHup | epollET
	noSignal    = syscall.MSG_NOSIGNAL
	maxVecs     = 64
	writeBound  = 1 << 20 // bytes written to one connection in one turn
	acceptBound = 256     // connections accepted in one turn
)

// recv reads into p. n is 0 at the end of the stream, and errno EAGAIN when
// there is nothing.
func recv(fd int32, p []byte) (n int, errno syscall.Errno) {
	for {
		r, _, e := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		if e == 0 {
			return int(r), 0
		}
		if e != syscall.EINTR {
			return -1, e
		}
	}
}

// send writes p, as much of it as the socket takes.
func send(fd int32, p []byte) (n int, errno syscall.Errno) {
	for {
		r, _, e := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), noSignal, 0, 0)
		if e == 0 {
			return int(r), 0
		}
		if e != syscall.EINTR {
			return -1, e
		}
	}
}

// sendv writes the parts of v in order, as much of them as the socket takes.
func sendv(fd int32, v []syscall.Iovec) (n int, errno syscall.Errno) {
	var msg syscall.Msghdr
	msg.Iov = &v[0]
	msg.Iovlen = uint64(len(v))
	for {
		r, _, e := syscall.RawSyscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), noSignal)
		if e == 0 {
			return int(r), 0
		}
		if e != syscall.EINTR {
			return -1, e
		}
	}
}

// epollPoll returns events that are there, without waiting.
func epollPoll(ep int, ev []syscall.EpollEvent) int {
	r, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep),
		uintptr(unsafe.Pointer(&ev[0])), uintptr(len(ev)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(r)
}

// epollWait waits for events, at most ms milliseconds (-1: for ever). It may
// return none early.
func epollWait(ep int, ev []syscall.EpollEvent, ms int) int {
	r, _, e := syscall.Syscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep),
		uintptr(unsafe.Pointer(&ev[0])), uintptr(len(ev)), uintptr(ms), 0, 0)
	if e != 0 {
		return 0
	}
	return int(r)
}

func epollAdd(ep int, fd int32, gen uint32, events uint32) error {
	ev := syscall.EpollEvent{Events: events, Fd: fd, Pad: int32(gen)}
	return syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, int(fd), &ev)
}

func epollMod(ep int, fd int32, gen uint32, events uint32) error {
	ev := syscall.EpollEvent{Events: events, Fd: fd, Pad: int32(gen)}
	return syscall.EpollCtl(ep, syscall.EPOLL_CTL_MOD, int(fd), &ev)
}

func newEventFd() (int32, error) {
	r, _, e := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if e != 0 {
		return -1, e
	}
	return int32(r), nil
}

func signalEventFd(fd int32) {
	one := [8]byte{1}
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one)), 8)
}
