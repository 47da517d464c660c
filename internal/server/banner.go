package server

import (
	"cmp"
	"fmt"
	"os"
	"strconv"

	"granary/internal/config"
	"granary/internal/info"
	"granary/internal/logger"
	"granary/internal/proctitle"
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
	s.log.Noticef("Granary is starting")
	s.log.Noticef("Granary version=%s, bits=64, pid=%d, just started", info.Version, os.Getpid())
	if s.cfg.File == "" {
		s.log.Warningf("Warning: no config file specified, using the default config. In order to specify a config file use granary /path/to/granary.conf")
	} else {
		s.log.Noticef("Configuration loaded")
	}
	if s.cfg.FromStdin {
		s.log.Noticef("Reading config from stdin")
	}
	if s.cfg.AlwaysShowLogo || s.cfg.LogFile == "" && onTerminal() {
		s.log.Raw(logger.Notice, fmt.Sprintf(logo, info.Version, info.Allocator(), s.mainPort(), os.Getpid()))
	} else {
		s.log.Noticef("Running mode=standalone, port=%d. PID: %d", s.mainPort(), os.Getpid())
	}
}

// sayReady logs where the server listens.
func (s *Server) sayReady() {
	if len(s.tcp) > 0 {
		s.log.Noticef("Ready to accept connections tcp")
	}
	if len(s.tls.listeners) > 0 {
		s.log.Noticef("Ready to accept connections tls")
	}
	if s.unix != nil {
		s.log.Noticef("Ready to accept connections unix")
	}
}

// setTitle shows in the process list what proc-title-template says. REQUIRES: the keyspace lock.
func (s *Server) setTitle() {
	cfg := s.cfg
	if !cfg.SetProcTitle {
		return
	}
	title, _ := config.ExpandTitle(cfg.ProcTitleTemplate, func(name string) string {
		switch name {
		case "title":
			return os.Args[0]
		case "listen-addr":
			if s.mainPort() == 0 {
				return cfg.UnixSocket
			}
			addr := "*"
			if len(cfg.Bind) > 0 {
				addr = cfg.Bind[0]
			}
			return addr + ":" + strconv.FormatInt(s.mainPort(), 10)
		case "port":
			return strconv.FormatInt(cfg.Port, 10)
		case "tls-port":
			return strconv.FormatInt(cfg.TLSPort, 10)
		case "unixsocket":
			return cfg.UnixSocket
		case "config-file":
			return cmp.Or(cfg.File, "-")
		}
		return "" // server-mode: neither cluster nor Sentinel
	})
	proctitle.Set(title)
}

// mainPort is the port that is told to the operator.
func (s *Server) mainPort() int64 {
	if s.cfg.Port == 0 {
		return s.cfg.TLSPort
	}
	return s.cfg.Port
}

// onTerminal tells whether standard output is a terminal.
func onTerminal() bool {
	st, err := os.Stdout.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// newLogger makes the log that the configuration asks for.
func newLogger(cfg *config.Config) *logger.Logger {
	l := logger.New(logger.Options{
		File:      cfg.LogFile,
		Level:     logger.Level(cfg.LogLevel),
		Format:    logger.Format(cfg.LogFormat),
		Timestamp: logger.Timestamp(cfg.LogTimestampFormat),
		HideUser:  cfg.HideUserDataFromLog,
		Syslog:    cfg.SyslogEnabled,
		Ident:     cfg.SyslogIdent,
		Facility:  int(cfg.SyslogFacility),
	})
	l.SetRole(logger.Master)
	return l
}
