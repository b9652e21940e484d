@main enum KDevLua { static func main() {} }
