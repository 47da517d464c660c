// Package admin has the commands about the server: COMMAND, CONFIG, INFO, SLOWLOG, LATENCY, DEBUG, and small ones.
//
//	command.go    COMMAND: COUNT, LIST, GETKEYS; command_info.go and command_docs.go: the two long replies
//	config.go     CONFIG
//	info.go       INFO: what the fields read, and the command; info_*.go: the table of fields
//	slowlog.go    SLOWLOG
//	latency.go    LATENCY; latency_text.go: GRAPH and DOCTOR
//	server.go     TIME, ROLE, SHUTDOWN, LASTSAVE, SAVE, BGSAVE, BGREWRITEAOF, MODULE
//	lolwut.go     LOLWUT
//	debug.go      DEBUG; debug_*.go: its longer subcommands
//	spec_*.go     declarations
package admin

import "granary/internal/command"

// Register adds the family to the table.
func Register(t *command.Table) {
	t.Register(
		specCommand, specConfig, specInfo, specSlowlog, specLatency, specTime, specLOLWUT, specMonitor, specRole, specShutdown, specDebug,
		specModule, specLastSave, specSave, specBGSave, specBGRewriteAOF,
	)
}
