//go:build !linux

package proctitle

func keep() {}

func thread(string) {}
