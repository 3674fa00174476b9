// A style sheet exports nothing; this is for compilers that want to know what an import is of.
export {}
