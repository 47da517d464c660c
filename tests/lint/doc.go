// Package lint holds the house's rules as Go tests: what may import what, and what every file looks like. The rules
// are the tables at the top of imports_test.go and files_test.go.
package lint
