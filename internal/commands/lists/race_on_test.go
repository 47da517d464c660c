//go:build race

package lists

const raceBuild = true
