package config

import "syscall"

// dieWithTest makes a process end with the test that started it.
func dieWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
