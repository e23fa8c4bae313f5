from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class ReadOrOps(BasePermission):
    """Everyone who is logged in reads what is visible to them; operations write."""

    message = "Only operations may change this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return user.is_authenticated and (request.method in SAFE_METHODS or user.is_ops)


class OpsOnly(BasePermission):
    """Operations alone, reading as well."""

    message = "Only operations may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated and request.user.is_ops)
