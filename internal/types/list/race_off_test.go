//go:build !race

package list

const raceBuild = false
