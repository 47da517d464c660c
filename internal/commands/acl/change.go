package acl

import (
	rules "granary/internal/acl"
	"granary/internal/command"
)

const errNoFile = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the " +
	"ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to " +
	"store users in the Redis configuration."

// redact hides the arguments from position i on.
func redact(c *command.Ctx, i int) {
	for ; i < len(c.Args); i++ {
		c.Redact(i)
	}
}

// cmdACLSetUser answers ACL SETUSER username [rule ...]. A rule that cannot be taken leaves the user as it was.
func cmdACLSetUser(c *command.Ctx) {
	redact(c, 2)
	words := make([]string, len(c.Args)-3)
	for i := range words {
		words[i] = string(c.Args[3+i])
	}
	u, before, err := c.Env.ACL.Users.Set(string(c.Args[2]), words)
	if err != nil {
		c.Out.Error("ERR " + err.Error())
		return
	}
	c.Env.UserChanged(c.Client, u, before, false)
	c.Out.OK()
}

// cmdACLDelUser answers ACL DELUSER username [username ...] with the number of users that there were.
func cmdACLDelUser(c *command.Ctx) {
	redact(c, 2)
	for _, name := range c.Args[2:] {
		if string(name) == rules.DefaultName {
			c.Out.Error("ERR The 'default' user cannot be removed")
			return
		}
	}
	n := int64(0)
	for _, name := range c.Args[2:] {
		if u := c.Env.ACL.Users.Delete(name); u != nil {
			c.Env.UserChanged(c.Client, u, nil, true)
			n++
		}
	}
	c.Out.Int(n)
}

// cmdACLLoad answers ACL LOAD: the users are those of the ACL file, or if anything in it is wrong, what they were.
func cmdACLLoad(c *command.Ctx) {
	path := c.Env.Config.ACLFile
	if path == "" {
		c.Out.Error(errNoFile)
		return
	}
	if err := c.Env.LoadUsers(c.Client, path); err != nil {
		c.Out.Error("ERR " + err.Error())
		return
	}
	c.Out.OK()
}

// cmdACLSave answers ACL SAVE.
func cmdACLSave(c *command.Ctx) {
	path := c.Env.Config.ACLFile
	if path == "" {
		c.Out.Error(errNoFile)
		return
	}
	if err := c.Env.ACL.Users.WriteFile(path); err != nil {
		c.Env.Log.Warningf("Saving users to the ACL file: %v", err)
		c.Out.Error("ERR There was an error trying to save the ACLs. Please check the server logs for more information")
		return
	}
	c.Out.OK()
}
