package vercel

//go:generate go run ../../generator/cmd/grantgen --provider vercel
