//go:build !linux

package proctitle

func keep() {}
