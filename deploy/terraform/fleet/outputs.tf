output "agents" {
  description = "Location and port of each machine, by its name, which is also the agent's."
  value       = local.agents
}

output "user_data" {
  description = "For cloud-init, by the machine's name. The token is in it."
  sensitive   = true
  value = {
    for name, agent in local.agents : name => templatefile("${path.module}/cloud-init.yaml.tftpl", {
      name           = name
      vantage        = agent.location
      port           = agent.port
      token          = var.token
      package        = var.package
      node_sha256    = var.node_sha256
      contact        = var.contact
      pps            = var.packets_per_second
      administrators = var.administrators
      installer      = base64gzip(file("${path.module}/../../install-agent.sh"))
    })
  }
}
