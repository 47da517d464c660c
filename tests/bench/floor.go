package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"granary/tests/live"
)

// How low the CPU time per operation can be at all: a server that looks at nothing. It receives what redis-benchmark sends,
// counts asterisks, and sends as many replies: edge triggered, first all reads and then all writes, as few system calls as
// there can be. All that it takes is the kernel's work for the sockets, which every server has to have done.

// bareReply is the answer to every request.
const bareReply = "$3\r\nxxx\r\n"

// serveBare is that server, in a process of its own. It prints its port, and ends when it is killed.
func serveBare() error {
	runtime.LockOSThread()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	listener := int(f.Fd())
	if err := syscall.SetNonblock(listener, true); err != nil {
		return err
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	ep, err := syscall.EpollCreate1(0)
	if err != nil {
		return err
	}
	add := func(fd int) error {
		const edge = 1 << 31
		return syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN | edge, Fd: int32(fd)})
	}
	if err := add(listener); err != nil {
		return err
	}
	type answer struct{ fd, size int }
	var (
		events  = make([]syscall.EpollEvent, 512)
		answers = make([]answer, 0, len(events))
		in      = make([]byte, 64<<10)
		out     = bytes.Repeat([]byte(bareReply), len(in))
	)
	for {
		n, err := syscall.EpollWait(ep, events, -1)
		if err != nil && err != syscall.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			fd := int(e.Fd)
			if fd != listener {
				n, err := syscall.Read(fd, in) // the whole of it: no client sends so much at a time
				if n <= 0 || err != nil {
					syscall.Close(fd)
					continue
				}
				answers = append(answers, answer{fd, bytes.Count(in[:n], []byte("*")) * len(bareReply)})
				continue
			}
			for {
				fd, _, err = syscall.Accept(listener)
				if err == syscall.EAGAIN {
					break
				}
				if err == nil {
					err = add(fd)
				}
				if err != nil {
					return err
				}
			}
		}
		for _, a := range answers {
			if _, err := syscall.Write(a.fd, out[:a.size]); err != nil {
				syscall.Close(a.fd)
			}
		}
		answers = answers[:0]
	}
}

// startBare starts this program as that server.
func startBare() (cmd *exec.Cmd, port string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	cmd = exec.Command(self, "-bare")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, "", err
	}
	port, err = bufio.NewReader(out).ReadString('\n')
	return cmd, strings.TrimSpace(port), err
}

// measureFloor measures GET of one key on the server that looks at nothing and on the others, in turn, and makes a table.
func measureFloor(o *options, all []contender, servers []*live.Server) (string, error) {
	bare, port, err := startBare()
	if err != nil {
		return "", fmt.Errorf("the server that looks at nothing: %w", err)
	}
	defer func() {
		bare.Process.Kill()
		bare.Wait()
	}()
	var table strings.Builder
	table.WriteString("| pipeline | bare us |")
	line := "|---|---|"
	for _, c := range all {
		fmt.Fprintf(&table, " %s us |", c.name)
		line += "---|"
	}
	for _, c := range all[1:] {
		fmt.Fprintf(&table, " bare to %s | granary to %s |", c.name, c.name)
		line += "---|---|"
	}
	fmt.Fprintf(&table, "\n%s\n", line)
	for _, c := range cellsOf([]row{{name: "GET", test: "get", requests: 50_000, depths: all3}}, o.scale) {
		samples := make([][]float64, 1+len(servers))
		for range o.rounds {
			ns, err := bareCell(bare.Process.Pid, port, c)
			if err != nil {
				return "", err
			}
			samples[0] = append(samples[0], ns)
			for i, s := range servers {
				m, err := measureCell(s, c)
				if err != nil {
					return "", err
				}
				samples[1+i] = append(samples[1+i], m.nanosPerOp)
			}
		}
		fmt.Fprintf(&table, "| %d |", c.depth)
		for _, x := range samples {
			fmt.Fprintf(&table, " %s |", digits(median(x)/1000))
		}
		for _, x := range samples[2:] {
			fmt.Fprintf(&table, " %.2f | %.2f |", median(samples[0])/median(x), median(samples[1])/median(x))
		}
		table.WriteString("\n")
	}
	fmt.Print(table.String())
	return table.String(), nil
}

// bareCell is measureCell for the server that looks at nothing, in nanoseconds per operation.
func bareCell(pid int, port string, c cell) (float64, error) {
	before, err := cpuNanos(pid)
	if err != nil {
		return 0, err
	}
	if out, err := exec.Command("redis-benchmark", benchmarkArgs(port, c)...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("redis-benchmark against the server that looks at nothing: %w\n%s", err, out)
	}
	after, err := cpuNanos(pid)
	return float64(after-before) / float64(c.n), err
}
