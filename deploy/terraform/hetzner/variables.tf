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
}

variable "pools" {
  description = "Machines of each location by the port that they probe."
  type        = map(number)
  default     = { "80" = 1, "443" = 1 }
}

variable "token" {
  description = "Enrolment token with as many uses as there are machines (`parallax enroll create --uses N`). Machines can read their user data: give it a short life."
  type        = string
  sensitive   = true
}

variable "package" {
  description = "The agent's package: its address, and its sum from SHA256SUMS."
  type        = object({ url = string, sha256 = string })
}

variable "node_sha256" {
  description = "Sum of the package of Node.js that install-agent.sh fetches where the image has too old a one, from SHASUMS256.txt beside it."
  type        = string
}

variable "contact" {
  description = "Who answers for the probes: an address that somebody reads, and a page that explains them."
  type        = object({ email = string, url = string })
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

variable "server_type" {
  description = "The smallest is enough for 10,000 packets a second; cax types want the package for arm64."
  type        = string
  default     = "cx22"
}

variable "ssh_keys" {
  description = "Names or numbers of keys at Hetzner."
  type        = list(string)
  default     = []
}

variable "reverse_dns_suffix" {
  description = "Addresses get NAME.SUFFIX as their name, which should lead to the contact page; null: they keep the provider's."
  type        = string
  default     = null
}
