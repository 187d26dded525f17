"""What a tenant's admins see of its questions, its documents and its members' deeds."""
