variable "i_have_permission" {
  description = "That the provider allows scans from these machines, and that whoever answers for the probes does answer."
  type        = bool
  default     = false
  validation {
    condition     = var.i_have_permission
    error_message = "Nothing is planned before you have the provider's permission to scan (docs/deploy.md); then set i_have_permission = true."
  }
}

variable "locations" {
  description = "Regions or locations of the provider. Each becomes a vantage point of that name."
  type        = list(string)
  validation {
    condition     = length(var.locations) > 0 && alltrue([for one in var.locations : can(regex("^[a-z0-9][a-z0-9-]{0,40}$", one))])
    error_message = "Name at least one location, as the provider writes it."
  }
}

variable "pools" {
  description = "Machines of each location by the port that they probe."
  type        = map(number)
  default     = { "80" = 1, "443" = 1 }
  validation {
    condition     = alltrue([for port, count in var.pools : can(regex("^[0-9]{1,5}$", port)) && count >= 0 && floor(count) == count])
    error_message = "Write pools as { \"80\" = 1, \"443\" = 2 }."
  }
}

variable "token" {
  description = "Enrolment token with as many uses as there are machines (`parallax enroll create --uses N`). Machines can read their user data: give it a short life."
  type        = string
  sensitive   = true
}

variable "package" {
  description = "The agent's package: its address, and its sum from SHA256SUMS."
  type        = object({ url = string, sha256 = string })
  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package.sha256)) && startswith(var.package.url, "https://")
    error_message = "Give an address that begins with https:// and a SHA-256 sum of 64 hexadecimal digits."
  }
}

variable "node_sha256" {
  description = "Sum of the package of Node.js that install-agent.sh fetches where the image has too old a one, from SHASUMS256.txt beside it."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.node_sha256))
    error_message = "Give a SHA-256 sum of 64 hexadecimal digits."
  }
}

variable "contact" {
  description = "Who answers for the probes: an address that somebody reads, and a page that explains them."
  type        = object({ email = string, url = string })
  validation {
    condition     = strcontains(var.contact.email, "@") && can(regex("^https?://", var.contact.url))
    error_message = "Give an e-mail address and a page's address."
  }
}

variable "packets_per_second" {
  description = "Most packets a second from each machine, whatever the coordinator asks for."
  type        = number
  default     = 10000
}

variable "administrators" {
  description = "IPv4 prefixes from which SSH is reached; none: from nowhere."
  type        = list(string)
  default     = []
}
