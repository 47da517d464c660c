package server

import (
	"os"

	"granary/internal/info"
)

// logo is a silo and three grains.
const logo = `
        .-"""-.
       /_______\        Granary %s, %s
       |       |
       |  o o  |        Running in standalone mode
       |   o   |        Port: %d
       |_______|        PID: %d
`

// sayHello logs which server starts, with which configuration.
func (s *Server) sayHello() {
	s.log.Notice("Granary is starting")
	s.log.Notice("Granary version=%s, bits=64, pid=%d, just started", info.Version, os.Getpid())
	if s.cfg.File == "" {
		s.log.Warning("Warning: no config file specified, using the default config. In order to specify a config file use granary /path/to/granary.conf")
	} else {
		s.log.Notice("Configuration loaded")
	}
	if s.cfg.AlwaysShowLogo || s.log.ToTerminal() {
		s.log.Raw(logo, info.Version, info.Allocator(), s.cfg.Port, os.Getpid())
	} else {
		s.log.Notice("Running mode=standalone, port=%d. PID: %d", s.cfg.Port, os.Getpid())
	}
	if len(s.cfg.Save) > 0 {
		s.log.Notice("Save points are kept, and no snapshot is written: this version of Granary holds its data in memory only.")
	}
	if s.cfg.AppendOnly {
		s.log.Warning("appendonly yes: this version of Granary writes no append-only file; data is held in memory only.")
	}
}

// sayReady logs where the server listens.
func (s *Server) sayReady() {
	if len(s.tcp) > 0 {
		s.log.Notice("Ready to accept connections tcp")
	}
	if s.unix != nil {
		s.log.Notice("Ready to accept connections unix")
	}
}
