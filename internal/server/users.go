package server

import (
	"errors"

	"granary/internal/acl"
	"granary/internal/config"
)

// users.go makes the users that the configuration asks for.

var (
	errUsersTwice = errors.New("Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. " +
		"This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.")
	errUsers = errors.New("Critical error while loading ACLs. Exiting.")
)

// loadUsers makes the users of the configuration, or of the ACL file. requirepass was looked at before: it says less than
// a line for the default user does.
func (s *Server) loadUsers() error {
	s.cfg.OnRewriteUsers(s.userLines)
	users := s.env.ACL.Users
	users.Warn = func(rule string) {
		s.log.Warningf("Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future (offender: +%s)", s.log.User(rule))
	}
	if s.cfg.ACLFile != "" && len(s.cfg.Users) > 0 {
		return errUsersTwice
	}
	for _, line := range s.cfg.Users {
		u, culprit, err := users.Configure(line.Name, line.Rules)
		if err != nil {
			s.log.Warningf("Error loading ACL rule '%s' for the user named '%s': %v", culprit, line.Name, err)
			return errUsers
		}
		if !u.On() {
			s.log.Noticef("The user '%s' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.", u.Name)
		}
	}
	if s.cfg.ACLFile == "" {
		return nil
	}
	if err := s.env.LoadUsers(nil, s.cfg.ACLFile); err != nil {
		return errors.New("Aborting Redis startup because of ACL errors: " + err.Error())
	}
	return nil
}

// userLines returns what CONFIG REWRITE writes. Users of an ACL file stay there.
func (s *Server) userLines() (lines []config.UserLine) {
	if s.cfg.ACLFile != "" {
		return nil
	}
	users := s.env.ACL.Users
	for _, name := range users.Names() {
		lines = append(lines, config.UserLine{Name: name, Rules: users.Find([]byte(name)).Rules()})
	}
	return lines
}

// checkUser returns the check of user lines, which is the first half of loading them.
func checkUser(cat *acl.Catalog) func(config.UserLine) error {
	users := acl.NewUsers(cat)
	return func(u config.UserLine) error {
		_, culprit, err := users.Configure(u.Name, u.Rules)
		if err != nil {
			return errors.New("Error in user declaration '" + culprit + "': " + err.Error())
		}
		return nil
	}
}
