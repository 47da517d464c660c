//go:build race

package quicklist

const raceBuild = true
